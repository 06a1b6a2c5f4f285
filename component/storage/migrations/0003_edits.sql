-- Corrections and retractions by authors.

alter table messages add column edited integer not null default 0; -- when its author last changed its words, 0 for never
create index messages_by_corrects on messages (corrects) where corrects is not null;

-- The words that a message had until it was corrected. A deleted message has none left.
create table edits (
    number integer primary key autoincrement,
    message_id blob not null references messages (id),
    at integer not null,
    before text not null
);
create index edits_by_message on edits (message_id);

drop view archived;
drop view waiting;
drop view sent;

create view sent as
select
    deliveries.seq,
    deliveries.channel as destination,
    deliveries.state,
    deliveries.attempts,
    deliveries.error,
    deliveries.changed,
    messages.id,
    messages.origin,
    messages.kind,
    messages.channel,
    messages.author_name,
    messages.author_key,
    messages.author_kind,
    coalesce(deliveries.body, messages.body) as body,
    messages.at,
    messages.corrects,
    messages.replies,
    messages.thread,
    messages.edited
from deliveries
join messages on messages.id = deliveries.message_id;

create view waiting as
select
    held.id as number,
    held.route,
    held.passed,
    held.been,
    held.since,
    held.due,
    held.batch,
    messages.id,
    messages.origin,
    messages.kind,
    messages.channel,
    messages.author_name,
    messages.author_key,
    messages.author_kind,
    coalesce(held.body, messages.body) as body,
    messages.at,
    messages.corrects,
    messages.replies,
    messages.thread,
    messages.edited
from held
join messages on messages.id = held.message_id;

create view archived as
select
    sent.seq,
    sent.destination,
    sent.id,
    sent.origin,
    sent.kind,
    sent.channel,
    sent.author_name,
    sent.author_key,
    sent.author_kind,
    sent.body,
    sent.at,
    sent.corrects,
    sent.replies,
    sent.thread,
    sent.edited,
    coalesce(stories.published, 1) as published,
    coalesce(stories.changed, 0) as changed,
    coalesce(stories.version, 0) as version,
    exists (select 1 from deletions where deletions.message_id = sent.id) as deleted
from sent
left join stories on stories.seq = sent.seq
where sent.state in ('received', 'delivered');
