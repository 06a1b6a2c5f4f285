-- Contacts: who is shown our presence.

-- name: contacts_page(ours, theirs, count)
-- The next :count behind a contact.
select ours, theirs from contacts
where (ours, theirs) > (:ours, :theirs)
order by ours, theirs
limit :count;

-- name: contacts_of(theirs)
-- Those of one JID.
select ours, theirs from contacts where theirs = :theirs;

-- name: add_contact(ours, theirs, domain, at, most_of_domain, most)
-- Keep a contact, seen at :at; no row where :domain has :most_of_domain, or all have :most.
insert into contacts (ours, theirs, domain, seen)
select :ours, :theirs, :domain, :at
where
    exists (select 1 from contacts where ours = :ours and theirs = :theirs)
    or (
        (select count(*) from (select 1 from contacts where domain = :domain limit :most_of_domain))
        < :most_of_domain
        and (select count(*) from (select 1 from contacts limit :most)) < :most
    )
on conflict (ours, theirs) do update set seen = excluded.seen
returning theirs;

-- name: remove_contact(ours, theirs)!
-- Forget a contact.
delete from contacts where ours = :ours and theirs = :theirs;

-- name: see_contact(ours, theirs, at)!
-- A contact was seen.
update contacts set seen = :at where ours = :ours and theirs = :theirs and seen < :at;

-- name: end_contacts(before)!
-- Forget those that were last seen before :before.
delete from contacts where seen < :before;
