-- What the database knows of itself.

-- name: keep_secret(value)!
-- The first one given is kept.
insert into metadata (name, value) values ('secret', :value) on conflict do nothing;

-- name: secret()
-- What was kept.
select value from metadata where name = 'secret';

-- name: probe()!
-- Something to write.
insert into metadata (name, value) values ('probed', '1')
on conflict (name) do update set value = case when metadata.value = '1' then '0' else '1' end;
