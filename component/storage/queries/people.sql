-- Preferences.

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
