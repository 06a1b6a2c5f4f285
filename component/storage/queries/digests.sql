-- Digests of subscriptions.

-- name: due_subscriptions(now, count)
-- Those whose time has come, of each target that is among the first :count, beside each other; the earliest first.
with first as (
    select target, due
    from subscriptions
    where due > 0 and status in ('on', 'paused') and due <= :now
    order by due, target, id
    limit :count
),

called as (select target, min(due) as earliest from first group by target)

select subscriptions.*
from called
join subscriptions on subscriptions.target = called.target
where subscriptions.due > 0 and subscriptions.status in ('on', 'paused') and subscriptions.due <= :now
order by called.earliest, called.target, subscriptions.due, subscriptions.id;

-- name: due_count(now)
-- How many there are whose time has come.
select count(*) as depth from subscriptions where due > 0 and status in ('on', 'paused') and due <= :now;

-- name: far_subscriptions(due, after, count)
-- The first :count after :after that are not paused and due later than :due.
select * from subscriptions
where due > 0 and status in ('on', 'paused') and due > :due and status = 'on' and +id > :after -- few are due so late
order by +id
limit :count;

-- name: next_subscription()
-- When the next is due.
select due from subscriptions where due > 0 and status in ('on', 'paused') order by due limit 1;

-- name: between(channel, after, upto, count)
-- The first :count that a digest of :channel may tell behind :after up to :upto.
select * from sent
where
    destination = :channel
    and seq > :after
    and seq <= :upto
    and state in ('received', 'pending', 'delivered')
    and corrects is null
    and kind <> 'digest'
    and not exists (select 1 from deletions where deletions.message_id = sent.id)
    and not exists (select 1 from stories where stories.seq = sent.seq and stories.published = 0)
order by seq
limit :count;

-- name: counted(channel, after, upto)
-- How many those are in all.
select count(*) as depth from sent
where
    destination = :channel
    and seq > :after
    and seq <= :upto
    and state in ('received', 'pending', 'delivered')
    and corrects is null
    and kind <> 'digest'
    and not exists (select 1 from deletions where deletions.message_id = sent.id)
    and not exists (select 1 from stories where stories.seq = sent.seq and stories.published = 0);

-- name: add_digest_parts(rows, ids)!
-- :rows [[digest_id, subscription, after, upto]…].
insert into digest_parts (digest_id, subscription, after, upto)
select substr(:ids, value ->> 0, 16), value ->> 1, value ->> 2, value ->> 3
from json_each(:rows)
where true
on conflict do nothing;

-- name: digest_parts(id)
-- What the digest :id tells, by subscription.
select subscription, after, upto from digest_parts where digest_id = :id order by subscription;
