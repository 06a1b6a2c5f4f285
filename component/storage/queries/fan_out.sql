-- Fan-outs to subscribers.

-- name: add_fan_out_deliveries(seq, targets)
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

-- name: add_notified(rows)!
-- :rows [[subscription, seq]…]; not of subscriptions that ended meanwhile.
insert into notified (subscription, seq)
select pair.value ->> 0, pair.value ->> 1
from json_each(:rows) as pair
join subscriptions on subscriptions.id = pair.value ->> 0
where true
on conflict do nothing;

-- name: notified(ids)
-- What the subscriptions :ids [id…] were told at once.
select subscription, seq from notified where subscription in (select value from json_each(:ids));

-- name: forget_notified(ids)!
-- What the subscriptions :ids [id…] were told at once.
delete from notified where subscription in (select value from json_each(:ids));

-- name: forget_notified_pairs(rows)!
-- :rows [[subscription, seq]…].
delete from notified
where (subscription, seq) in (select value ->> 0, value ->> 1 from json_each(:rows));

-- name: forget_notified_upto(rows)!
-- :rows [[subscription, seq]…]: what each was told at once up to there.
delete from notified
where (subscription, seq) in (
    select notified.subscription, notified.seq
    from json_each(:rows) as pair
    join notified on notified.subscription = pair.value ->> 0 and notified.seq <= pair.value ->> 1
);

-- name: fan_out_progress(seq)
-- How far the delivery :seq has come.
select upto from fan_out_progress where seq = :seq;

-- name: notified_upto(ids)
-- Up to where each of the subscriptions :ids [id…] was told at once what its channel holds: just before the oldest that
-- is on its way to subscribers and has not passed this one, else to the end.
select
    subscriptions.id,
    coalesce(
        (
            select original.seq - 1
            from deliveries as fan_out
            join deliveries as original
                on original.message_id = fan_out.message_id and original.channel = subscriptions.channel
            where
                fan_out.channel = 'subscribers:' || subscriptions.channel
                and fan_out.state = 'pending'
                and coalesce(
                    (select upto from fan_out_progress where fan_out_progress.seq = fan_out.seq), 0
                ) < subscriptions.id
            order by fan_out.seq
            limit 1
        ),
        (select max(seq) from deliveries where deliveries.channel = subscriptions.channel),
        0
    ) as seq
from subscriptions
where id in (select value from json_each(:ids));

-- name: put_fan_out_progress(seq, upto)!
-- How far the delivery :seq has come; never back.
insert into fan_out_progress (seq, upto) values (:seq, :upto)
on conflict (seq) do update set upto = excluded.upto where excluded.upto > fan_out_progress.upto;

-- name: clear_fan_out_progress(count)!
-- Forget up to :count of which nothing more comes: a dead letter may yet go on from where it was.
delete from fan_out_progress
where seq in (
    select seq
    from fan_out_progress
    where (select state from deliveries where deliveries.seq = fan_out_progress.seq) in ('delivered', 'dropped')
    limit :count
);
