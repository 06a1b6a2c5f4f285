-- Subscriptions, the addresses they are told at, and what digests of them tell; messages that answer others.

drop view archived;
drop view waiting;
drop view sent;

alter table messages add column replies text not null default ''; -- the id of an earlier one
alter table messages add column thread text not null default ''; -- the id of the one that began it

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
    messages.corrects,
    messages.replies,
    messages.thread
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
    messages.channel,
    messages.author_name,
    messages.author_key,
    coalesce(held.body, messages.body) as body,
    messages.at,
    messages.corrects,
    messages.replies,
    messages.thread
from held
join messages on messages.id = held.message_id;

create view archived as
select
    sent.seq,
    sent.destination,
    sent.id,
    sent.origin,
    sent.channel,
    sent.author_name,
    sent.author_key,
    sent.body,
    sent.at,
    sent.corrects,
    sent.replies,
    sent.thread,
    coalesce(stories.published, 1) as published,
    coalesce(stories.changed, 0) as changed,
    coalesce(stories.version, 0) as version,
    exists (select 1 from deletions where deletions.message_id = sent.id) as deleted
from sent
left join stories on stories.seq = sent.seq
where sent.state in ('came', 'done');

drop index deliveries_by_message;
create index deliveries_by_message on deliveries (message_id, channel); -- one of thousands

alter table preferences add column quiet text not null default ''; -- the hours in which someone is told nothing

create table subscriptions (
    id integer primary key autoincrement,
    owner text not null,
    who text not null,
    channel text not null,
    target text not null,
    every integer not null,
    schedule text not null,
    cron text not null,
    zone text not null,
    language text not null,
    wanted text not null,
    unwanted text not null,
    thread text not null,
    own integer not null,
    online integer not null,
    name text not null,
    fallback text not null,
    standing text not null,
    due integer not null,
    cursor integer not null,
    live integer not null, -- each message of the channel is looked at for it
    urgent text not null, -- the name that is looked for instead
    unique (owner, channel, target)
);
create index subscriptions_who on subscriptions (who, id);
create index subscriptions_target on subscriptions (target, id);
create index subscriptions_channel on subscriptions (channel, id);
create index subscriptions_live on subscriptions (channel, live, id) where live = 1;
create index subscriptions_urgent on subscriptions (channel, urgent, id) where urgent <> '';
create index subscriptions_due on subscriptions (due, target, id, standing)
where due > 0 and standing in ('on', 'paused');

create table told (
    subscription integer not null,
    seq integer not null,
    primary key (subscription, seq)
) without rowid;

create table digest_parts (
    digest_id text not null references messages (id),
    subscription integer not null,
    after integer not null,
    upto integer not null,
    primary key (digest_id, subscription)
) without rowid;

create table spreads (
    seq integer primary key,
    upto integer not null
);

create table addresses (
    who text not null,
    target text not null,
    mailbox text not null, -- of which the target is one way to write it
    proof text not null,
    asked integer not null,
    tries integer not null,
    why text not null,
    primary key (who, target)
) without rowid;
create index addresses_target on addresses (target, who);
create index addresses_refused on addresses (mailbox) where proof = 'refused';

create table asks (
    target text not null,
    who text not null, -- wanted it: a bare JID, '' for who gave nothing but an address
    at integer not null
);
create index asks_target on asks (target, at);
create index asks_who on asks (who, at);
create index asks_domain on asks (substr(who, instr(who, '@')), at);
create index asks_at on asks (at);
