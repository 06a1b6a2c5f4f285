-- What speaks by itself: what sources keep about their channels, reminders; and what became of stories.

create table memories (
    channel text primary key,
    state text not null
) without rowid;

create table reminders (
    id integer primary key autoincrement,
    who text not null,
    name text not null,
    channel text not null,
    body text not null,
    due integer not null,
    schedule text not null,
    zone text not null,
    language text not null
);

create index reminders_due on reminders (due);

create index reminders_who on reminders (who);

alter table preferences add column zone text not null default '';

create table stories (
    seq integer primary key references deliveries (seq),
    published integer not null,
    changed integer not null,
    version integer not null
);

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
    coalesce(stories.published, 1) as published,
    coalesce(stories.changed, 0) as changed,
    coalesce(stories.version, 0) as version,
    exists (select 1 from deletions where deletions.message_id = sent.id) as deleted
from sent
left join stories on stories.seq = sent.seq
where sent.state in ('came', 'done');
