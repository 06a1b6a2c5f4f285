-- Fan-outs to subscribers.

-- name: spread_to(seq, targets)
-- Deliveries of the message of the delivery :seq to those of :targets [channel…] that it was not brought to yet, and as
-- it is brought there; none where it was deleted meanwhile.
insert into deliveries (message_id, channel, state, changed, body)
select source.message_id, target.value, 'pending', messages.at, source.body
from json_each(:targets) as target
join deliveries as source on source.seq = :seq
join messages on messages.id = source.message_id
where
    target.value not in (
        select channel from deliveries where message_id = (select message_id from deliveries where seq = :seq)
    )
    and not exists (select 1 from deletions where deletions.message_id = source.message_id)
order by target.key
returning seq, channel;

-- name: add_told(rows)!
-- :rows [[subscription, seq]…]; not of subscriptions that ended meanwhile.
insert into told (subscription, seq)
select row.value ->> 0, row.value ->> 1
from json_each(:rows) as row
join subscriptions on subscriptions.id = row.value ->> 0
where true
on conflict do nothing;

-- name: told(ids)
-- What the subscriptions :ids [id…] were told at once.
select subscription, seq from told where subscription in (select value from json_each(:ids));

-- name: forget_told(ids)!
-- What the subscriptions :ids [id…] were told at once.
delete from told where subscription in (select value from json_each(:ids));

-- name: forget_told_of(rows)!
-- :rows [[subscription, seq]…].
delete from told where (subscription, seq) in (select value ->> 0, value ->> 1 from json_each(:rows));

-- name: forget_told_upto(rows)!
-- :rows [[subscription, seq]…]: what each was told at once up to there.
delete from told
where (subscription, seq) in (
    select told.subscription, told.seq
    from json_each(:rows) as row
    join told on told.subscription = row.value ->> 0 and told.seq <= row.value ->> 1
);

-- name: spread_upto(seq)
-- How far the delivery :seq has come.
select upto from spreads where seq = :seq;

-- name: heard_upto(ids)
-- Up to where each of the subscriptions :ids [id…] was told at once what its channel holds: just before the oldest that
-- is on its way to subscribers and has not passed this one, else to the end.
select
    subscriptions.id,
    coalesce(
        (
            select own.seq - 1
            from deliveries as telling
            join deliveries as own
                on own.message_id = telling.message_id and own.channel = subscriptions.channel
            where
                telling.channel = 'subscribers:' || subscriptions.channel
                and telling.state = 'pending'
                and coalesce((select upto from spreads where spreads.seq = telling.seq), 0) < subscriptions.id
            order by telling.seq
            limit 1
        ),
        (select max(seq) from deliveries where deliveries.channel = subscriptions.channel),
        0
    ) as seq
from subscriptions
where id in (select value from json_each(:ids));

-- name: put_spread(seq, upto)!
-- How far the delivery :seq has come; never back.
insert into spreads (seq, upto) values (:seq, :upto)
on conflict (seq) do update set upto = max(upto, excluded.upto);

-- name: clear_spreads(count)!
-- Forget up to :count of which nothing more comes: a dead letter may yet go on from where it was.
delete from spreads
where seq in (
    select seq
    from spreads
    where (select state from deliveries where deliveries.seq = spreads.seq) in ('done', 'dropped')
    limit :count
);
