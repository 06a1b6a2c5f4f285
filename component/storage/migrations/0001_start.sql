-- Everything that the bus keeps.
--
-- The id of a message is 16 bytes. It begins with the time (UUID version 7, RFC 9562), so that a new row goes to the end
-- of each index; where a room names a message, its id is made from that name instead. Times are in ms since 1970.

create table messages (
    id blob primary key,
    origin text, -- null where nothing but its id names it
    kind text not null,
    channel text not null,
    author_name text not null,
    author_key text not null,
    author_kind text not null,
    body text not null,
    at integer not null,
    corrects blob, -- the id of an earlier message, as in the next two
    replies blob,
    thread blob
) without rowid;
create unique index messages_by_origin on messages (origin) where origin is not null;

create table deliveries (
    seq integer primary key autoincrement,
    message_id blob not null references messages (id),
    channel text not null,
    state text not null,
    attempts integer not null default 0,
    error text not null default '',
    changed integer not null,
    body text -- null: as the message has it
);
create index deliveries_by_message on deliveries (message_id, channel);
create index deliveries_by_channel on deliveries (channel, seq);
create index deliveries_pending on deliveries (channel, seq) where state = 'pending';
create index deliveries_dead on deliveries (channel, seq) where state = 'dead';

create table deletions (
    message_id blob primary key references messages (id),
    at integer not null,
    who text not null
) without rowid;

create table rejections (
    id integer primary key autoincrement,
    message_id blob not null references messages (id),
    route integer not null,
    processor text not null,
    destination text not null,
    reason text not null
);
create index rejections_by_message on rejections (message_id);

-- What processors hold back and keep

create table held (
    id integer primary key autoincrement,
    message_id blob not null references messages (id),
    body text, -- null: as the message has it
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

create table aggregate_parts (
    aggregate_id blob not null references messages (id),
    message_id blob not null references messages (id),
    primary key (aggregate_id, message_id)
) without rowid;
create index aggregate_parts_by_message on aggregate_parts (message_id);

create table processor_state (
    number integer primary key autoincrement,
    route integer not null,
    stage integer not null,
    key text not null,
    value text not null,
    unique (route, stage, key)
);

-- What sources keep

create table archive_positions (
    channel text primary key,
    stanza_id text not null,
    at integer not null
) without rowid;

create table source_state (
    channel text primary key,
    state text not null
) without rowid;

-- What operators configure

create table channels (
    channel text primary key,
    title text not null default '',
    settings text not null default '{}',
    enabled integer not null default 1,
    version integer not null default 1
);

create table routes (
    id integer primary key autoincrement,
    source text not null,
    destination text not null,
    enabled integer not null default 1,
    version integer not null default 1,
    stages text not null default '[]',
    unique (source, destination)
);

create table tokens (
    name text primary key,
    digest text not null unique,
    jid text not null
);

create table roles (
    jid text primary key,
    role text not null
) without rowid;

create table mutes (
    key text primary key,
    name text not null,
    until integer not null,
    reason text not null
) without rowid;

create table audit (
    id integer primary key autoincrement,
    at integer not null,
    who text not null,
    interface text not null,
    what text not null,
    before text not null,
    after text not null
);

-- People

create table preferences (
    jid text primary key,
    language text not null,
    confirm text not null,
    zone text not null default '',
    quiet text not null default '' -- the hours in which they are not notified
) without rowid;

create table contacts (
    ours text not null,
    theirs text not null,
    primary key (ours, theirs)
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

create table stories (
    seq integer primary key references deliveries (seq),
    published integer not null,
    changed integer not null,
    version integer not null
);

-- Subscriptions

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
    include text not null,
    exclude text not null,
    thread text not null,
    include_own integer not null,
    online integer not null,
    name text not null,
    fallback text not null,
    status text not null,
    due integer not null,
    cursor integer not null,
    immediate integer not null, -- each message of the channel is examined on arrival
    mention_name text not null, -- a name that is looked for instead
    unique (owner, channel, target)
);
create index subscriptions_who on subscriptions (who, id);
create index subscriptions_target on subscriptions (target, id);
create index subscriptions_channel on subscriptions (channel, id);
create index subscriptions_immediate on subscriptions (channel, immediate, id) where immediate = 1;
create index subscriptions_mention on subscriptions (channel, mention_name, id) where mention_name <> '';
create index subscriptions_due on subscriptions (due, target, id, status)
where due > 0 and status in ('on', 'paused');

create table notified (
    subscription integer not null,
    seq integer not null,
    primary key (subscription, seq)
) without rowid;

create table digest_parts (
    digest_id blob not null references messages (id),
    subscription integer not null,
    after integer not null,
    upto integer not null,
    primary key (digest_id, subscription)
) without rowid;

create table fan_out_progress (
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

create table confirmation_requests (
    message_id blob, -- the message that asks
    mailbox text not null,
    who text not null, -- gave the address: a bare JID, '' for who gave nothing else
    requested_by text not null, -- a bare JID, '' for who gave nothing but an address
    at integer not null
);
create index confirmation_requests_message on confirmation_requests (message_id);
create index confirmation_requests_mailbox on confirmation_requests (mailbox, at);
create index confirmation_requests_person on confirmation_requests (requested_by, at);
create index confirmation_requests_domain
on confirmation_requests (substr(requested_by, instr(requested_by, '@')), at);
create index confirmation_requests_at on confirmation_requests (at);

create table metadata (
    name text primary key,
    value text not null
) without rowid;

-- Messages as they are delivered, held and archived

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
    messages.kind,
    messages.channel,
    messages.author_name,
    messages.author_key,
    messages.author_kind,
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
    coalesce(stories.published, 1) as published,
    coalesce(stories.changed, 0) as changed,
    coalesce(stories.version, 0) as version,
    exists (select 1 from deletions where deletions.message_id = sent.id) as deleted
from sent
left join stories on stories.seq = sent.seq
where sent.state in ('received', 'delivered');
