-- Messages, their deliveries, and what is configured.

create table messages (
    id text primary key,
    origin text not null unique,
    channel text not null,
    author_name text not null,
    author_key text not null,
    body text not null,
    at integer not null
) without rowid;

create table deliveries (
    seq integer primary key autoincrement,
    message_id text not null references messages (id),
    channel text not null,
    state text not null,
    attempts integer not null default 0,
    error text not null default '',
    changed integer not null
);
create index deliveries_by_message on deliveries (message_id);
create index deliveries_by_channel on deliveries (channel, seq);
create index deliveries_pending on deliveries (channel, seq) where state = 'pending';

create view sent as
select
    deliveries.seq,
    deliveries.channel as destination,
    deliveries.state,
    deliveries.attempts,
    deliveries.error,
    deliveries.changed,
    messages.*
from deliveries
join messages on messages.id = deliveries.message_id;

create table marks (
    channel text primary key,
    stanza_id text not null,
    at integer not null
) without rowid;

create table channels (
    channel text primary key,
    title text not null default '',
    settings text not null default '{}'
);

create table routes (
    id integer primary key autoincrement,
    source text not null,
    destination text not null,
    enabled integer not null default 1,
    unique (source, destination)
);

create table tokens (
    name text primary key,
    digest text not null unique,
    jid text not null
);

create table contacts (
    ours text not null,
    theirs text not null,
    primary key (ours, theirs)
) without rowid;

create table facts (
    name text primary key,
    value text not null
) without rowid;
