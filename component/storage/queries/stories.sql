-- Stories.

-- name: stories(channel, seq, count)
-- What may be read in the archive :channel before :seq, newest first.
select * from archived
where destination = :channel and seq < :seq and published and not deleted
order by seq desc
limit :count;

-- name: all_stories(channel, seq, count)
-- Everything in the archive :channel before :seq, newest first.
select * from archived where destination = :channel and seq < :seq order by seq desc limit :count;

-- name: story(seq)
-- The story :seq.
select * from archived where seq = :seq;

-- name: story_of(channel, id)
-- What message :id is in the archive :channel; not by the index of the channel, which holds many.
select * from archived where id = :id and destination || '' = :channel;

-- name: put_story(seq, published, changed, version)!
-- How a story stands that was read at :version; no row where it was changed or deleted since.
insert into stories (seq, published, changed, version)
select seq, :published, :changed, version + 1
from archived
where seq = :seq and version = :version and not deleted
on conflict (seq) do update
set published = excluded.published, changed = excluded.changed, version = excluded.version;

-- name: put_body(seq, body)!
-- What the delivery :seq says; null for what its message does.
update deliveries set body = :body where seq = :seq;
