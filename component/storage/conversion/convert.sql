-- From a database of the form before the first release, attached as `old`, at its version 6. `unhex` gives the bytes of
-- a message's id, `kind_of` and `author_kind_of` what a message and its author are, `mailbox_of` and
-- `who_of` what a request to confirm an address is about.

insert into metadata (name, value) select name, value from old.facts;

insert into messages (
    id, origin, kind, channel, author_name, author_key, author_kind, body, at, corrects, replies, thread
)
select
    unhex(id),
    case when origin = channel || '#' || id then null else origin end,
    kind_of(origin, channel, author_key),
    channel,
    author_name,
    author_key,
    author_kind_of(origin, channel, author_key),
    body,
    at,
    unhex(corrects),
    unhex(replies),
    unhex(thread)
from old.messages;

insert into deliveries (seq, message_id, channel, state, attempts, error, changed, body)
select
    seq,
    unhex(message_id),
    channel,
    case state when 'came' then 'received' when 'done' then 'delivered' else state end,
    attempts,
    error,
    changed,
    body
from old.deliveries;

insert into deletions (message_id, at, who) select unhex(message_id), at, who from old.deletions;

insert into rejections (id, message_id, route, processor, destination, reason)
select id, unhex(message_id), route, processor, destination, why from old.stops;

insert into held (id, message_id, body, route, stage, passed, been, since, due, batch)
select id, unhex(message_id), body, route, stage, passed, been, since, due, batch from old.held;

insert into aggregate_parts (aggregate_id, message_id)
select unhex(digest_id), unhex(message_id) from old.parts;

insert into processor_state (number, route, stage, key, value)
select number, route, stage, key, value from old.notes;

insert into archive_positions (channel, stanza_id, at) select channel, stanza_id, at from old.marks;

insert into source_state (channel, state) select channel, state from old.memories;

insert into channels (channel, title, settings, enabled, version)
select channel, title, settings, enabled, version from old.channels;

insert into routes (id, source, destination, enabled, version, stages)
select id, source, destination, enabled, version, stages from old.routes;

insert into tokens (name, digest, jid) select name, digest, jid from old.tokens;

insert into roles (jid, role) select jid, role from old.roles;

insert into mutes (key, name, until, reason) select key, name, until, reason from old.mutes;

insert into audit (id, at, who, interface, what, before, after)
select id, at, who, way, what, before, after from old.audit;

insert into preferences (jid, language, confirm, zone, quiet)
select jid, language, confirm, zone, quiet from old.preferences;

insert into contacts (ours, theirs) select ours, theirs from old.contacts;

insert into reminders (id, who, name, channel, body, due, schedule, zone, language)
select id, who, name, channel, body, due, schedule, zone, language from old.reminders;

insert into stories (seq, published, changed, version) select seq, published, changed, version from old.stories;

insert into subscriptions (
    id, owner, who, channel, target, every, schedule, cron, zone, language, include, exclude, thread, include_own,
    online, name, fallback, status, due, cursor, immediate, mention_name
)
select
    id, owner, who, channel, target, every, schedule, cron, zone, language, wanted, unwanted, thread, own, online, name,
    fallback, standing, due, cursor, live, urgent
from old.subscriptions;

insert into notified (subscription, seq) select subscription, seq from old.told;

insert into digest_parts (digest_id, subscription, after, upto)
select unhex(digest_id), subscription, after, upto from old.digest_parts;

insert into fan_out_progress (seq, upto) select seq, upto from old.spreads;

insert into addresses (who, target, mailbox, proof, asked, tries, why)
select who, target, mailbox, proof, asked, tries, why from old.addresses;

insert into confirmation_requests (message_id, mailbox, who, requested_by, at)
select
    (
        select unhex(id) from old.messages
        where
            origin >= 'asks:' || asks.at || ':'
            and origin < 'asks:' || asks.at || ';'
            and mailbox_of(channel) = asks.target
        limit 1
    ),
    target,
    coalesce(
        (
            select who_of(origin) from old.messages
            where
                origin >= 'asks:' || asks.at || ':'
                and origin < 'asks:' || asks.at || ';'
                and mailbox_of(channel) = asks.target
            limit 1
        ),
        who
    ),
    who,
    at
from old.asks;

-- Numbers are given on from where they were, so that what was removed is not meant by a new one.
delete from sqlite_sequence;
insert into sqlite_sequence (name, seq)
select
    case name when 'stops' then 'rejections' when 'notes' then 'processor_state' else name end,
    seq
from old.sqlite_sequence;
