-- Preferences and contacts.

-- name: preferences()
-- What everyone chose.
select * from preferences;

-- name: put_preference(jid, language, confirm, zone, quiet, welcomed, posts)!
-- What a person chose.
insert into preferences (jid, language, confirm, zone, quiet, welcomed, posts)
values (:jid, :language, :confirm, :zone, :quiet, :welcomed, :posts)
on conflict (jid) do update
set
    language = excluded.language,
    confirm = excluded.confirm,
    zone = excluded.zone,
    quiet = excluded.quiet,
    welcomed = excluded.welcomed,
    posts = excluded.posts;

-- name: contacts()
-- Every presence subscription.
select ours, theirs from contacts;

-- name: add_contact(ours, theirs)!
-- Keep a presence subscription.
insert into contacts (ours, theirs) values (:ours, :theirs) on conflict do nothing;

-- name: remove_contact(ours, theirs)!
-- Forget a presence subscription.
delete from contacts where ours = :ours and theirs = :theirs;
