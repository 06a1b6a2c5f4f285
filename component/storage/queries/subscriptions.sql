-- Subscriptions.

-- name: subscription_there(owner, channel, target)
-- Whether :owner has one there.
select 1 from subscriptions where owner = :owner and channel = :channel and target = :target;

-- name: add_subscription(row, most)
-- Keep :row, a JSON object of columns, and give its number; no row where its owner has :most already.
insert into subscriptions (
    owner, who, channel, target, every, schedule, cron, zone, language, include, exclude, thread, include_own, online, name,
    fallback, status, due, cursor, immediate, mention_name
)
select
    value ->> 'owner', value ->> 'who', value ->> 'channel', value ->> 'target', value ->> 'every',
    value ->> 'schedule', value ->> 'cron', value ->> 'zone', value ->> 'language', value ->> 'include',
    value ->> 'exclude', value ->> 'thread', value ->> 'include_own', value ->> 'online', value ->> 'name',
    value ->> 'fallback', value ->> 'status', value ->> 'due', value ->> 'cursor', value ->> 'immediate',
    value ->> 'mention_name'
from (select :row as value)
where (select count(*) from subscriptions where owner = :row ->> 'owner') < :most
returning id;

-- name: set_subscriptions(rows)!
-- Each of :rows [{column: value…}…] is so from now; what is gone stays gone.
update subscriptions
set
    owner = change.value ->> 'owner',
    who = change.value ->> 'who',
    channel = change.value ->> 'channel',
    target = change.value ->> 'target',
    every = change.value ->> 'every',
    schedule = change.value ->> 'schedule',
    cron = change.value ->> 'cron',
    zone = change.value ->> 'zone',
    language = change.value ->> 'language',
    include = change.value ->> 'include',
    exclude = change.value ->> 'exclude',
    thread = change.value ->> 'thread',
    include_own = change.value ->> 'include_own',
    online = change.value ->> 'online',
    name = change.value ->> 'name',
    fallback = change.value ->> 'fallback',
    status = change.value ->> 'status',
    due = change.value ->> 'due',
    cursor = change.value ->> 'cursor',
    immediate = change.value ->> 'immediate',
    mention_name = change.value ->> 'mention_name'
from json_each(:rows) as change
where subscriptions.id = change.value ->> 'id';

-- name: move_subscriptions(rows)!
-- Each of :rows [[id, status, due, cursor, immediate, mention_name]…] stands so from now.
update subscriptions
set
    status = change.value ->> 1,
    due = change.value ->> 2,
    cursor = change.value ->> 3,
    immediate = change.value ->> 4,
    mention_name = change.value ->> 5
from json_each(:rows) as change
where subscriptions.id = change.value ->> 0;

-- name: subscriptions_by_id(ids)
-- Those of :ids [id…] that are there.
select * from subscriptions where id in (select value from json_each(:ids)) order by id;

-- name: all_subscriptions(after, count)
-- The first :count after :after.
select * from subscriptions where id > :after order by id limit :count;

-- name: subscriptions_by(who, target, channel, after, count)
-- The first :count of :who after :after; for :target and at :channel, where these are not null.
select * from subscriptions
where
    who = :who
    and id > :after
    and target = coalesce(:target, target)
    and channel = coalesce(:channel, channel)
order by id
limit :count;

-- name: subscriptions_for(target, channel, after, count)
-- The first :count for :target after :after; at :channel, where it is not null.
select * from subscriptions
where target = :target and id > :after and channel = coalesce(:channel, channel)
order by id
limit :count;

-- name: subscriptions_at(channel, after, count)
-- The first :count at :channel after :after.
select * from subscriptions where channel = :channel and id > :after order by id limit :count;

-- name: subscriptions_of(targets, channels)
-- Those of any of :targets [channel…] at any of :channels [channel…]; not by the index of the channels, which hold many.
select *
from subscriptions
where
    target in (select value from json_each(:targets))
    and channel || '' in (select value from json_each(:channels))
order by id;

-- name: end_subscriptions(ids)!
-- Those of :ids [id…] are over.
delete from subscriptions where id in (select value from json_each(:ids));

-- name: subscription_counts()
-- How many subscriptions there are, by how they stand.
select status, count(*) as depth from subscriptions group by status;

-- name: listener_counts()
-- For how many subscriptions each channel's messages are looked at.
select channel, sum(depth) as depth
from (
    select channel, count(*) as depth from subscriptions where immediate = 1 group by channel
    union all
    select channel, count(*) as depth from subscriptions where mention_name <> '' group by channel
)
group by channel;

-- name: listeners(channel, words, after, count)
-- The first :count after :after who hear at once what comes to :channel, of those with a name only where it is one of
-- :words [word…].
select * from subscriptions where channel = :channel and immediate = 1 and id > :after
union all
select subscriptions.*
from (select distinct value as name from json_each(:words)) as word
cross join subscriptions -- so that each word is looked up: not each subscription looked at
where channel = :channel and mention_name <> '' and mention_name = word.name and id > :after
order by id
limit :count;
