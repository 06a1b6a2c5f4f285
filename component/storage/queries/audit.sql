-- The audit log.

-- name: add_audit(at, who, interface, what, before, after)!
-- A line of the audit log.
insert into audit (at, who, interface, what, before, after) values (:at, :who, :interface, :what, :before, :after);

-- name: audit(number, count)
-- The newest :count lines before :number.
select * from audit where id < :number order by id desc limit :count;
