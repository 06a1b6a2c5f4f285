-- What the database knows of itself.

-- name: keep_secret(value)!
-- The first one given is kept.
insert into facts (name, value) values ('secret', :value) on conflict do nothing;

-- name: secret()
-- What was kept.
select value from facts where name = 'secret';

-- name: probe()!
-- Something to write.
insert into facts (name, value) values ('probed', '1')
on conflict (name) do update set value = 1 - value;
