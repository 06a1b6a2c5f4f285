-- Processors: the stages of a route, what they keep, hold back, gather and stop; and messages that arrive changed.

alter table routes add column stages text not null default '[]';

alter table messages add column corrects text not null default ''; -- the id of an earlier one

alter table deliveries add column body text; -- null: as the message has it

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
    messages.channel,
    messages.author_name,
    messages.author_key,
    coalesce(deliveries.body, messages.body) as body,
    messages.at,
    messages.corrects
from deliveries
join messages on messages.id = deliveries.message_id;

create table held (
    id integer primary key autoincrement,
    message_id text not null references messages (id),
    body text,
    route integer not null,
    stage integer not null,
    passed text not null,
    been text not null,
    since integer not null,
    due integer not null,
    batch text not null
);
create index held_due on held (due, id);
create index held_by_batch on held (batch) where batch <> '';
create index held_by_message on held (message_id);
create index held_by_stage on held (route, stage);

create table parts (
    digest_id text not null references messages (id),
    message_id text not null references messages (id),
    primary key (digest_id, message_id)
) without rowid;
create index parts_by_message on parts (message_id);

create table stops (
    id integer primary key autoincrement,
    message_id text not null references messages (id),
    route integer not null,
    processor text not null,
    destination text not null,
    why text not null
);
create index stops_by_message on stops (message_id);

create table notes (
    number integer primary key autoincrement,
    route integer not null,
    stage integer not null,
    key text not null,
    value text not null,
    unique (route, stage, key)
);

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
    messages.channel,
    messages.author_name,
    messages.author_key,
    coalesce(held.body, messages.body) as body,
    messages.at,
    messages.corrects
from held
join messages on messages.id = held.message_id;
