-- Deliveries on their way, in a channel's log, and dead.

-- name: add_deliveries(rows, ids)
-- :rows [[message_id, channel, state, changed, error, body]…] in this order; gives each one's seq.
insert into deliveries (message_id, channel, state, changed, error, body)
select
    substr(:ids, value ->> 0, 16), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
from json_each(:rows)
where true
order by key
returning seq;

-- name: set_outcomes(rows)!
-- :rows [[seq, state, attempts, error, changed]…]. Of what was dropped meanwhile, only that it arrived after all.
update deliveries
set
    state = outcome.value ->> 1,
    attempts = outcome.value ->> 2,
    error = outcome.value ->> 3,
    changed = outcome.value ->> 4
from json_each(:rows) as outcome
where deliveries.seq = outcome.value ->> 0 and (deliveries.state <> 'dropped' or outcome.value ->> 1 = 'delivered');

-- name: pending(channel, seq, count)
-- The first :count pending deliveries of :channel after :seq.
select *
from sent
where destination = :channel and state = 'pending' and seq > :seq
order by seq
limit :count;

-- name: backlog()
-- How many deliveries are pending, by channel.
select channel, count(*) as depth
from deliveries
where state = 'pending'
group by channel;

-- name: log_after(channel, seq, count)
-- What :channel holds after :seq, oldest first.
select *
from sent
where destination = :channel and seq > :seq and corrects is null
order by seq
limit :count;

-- name: log_before(channel, seq, count)
-- What :channel holds before :seq, newest first.
select *
from sent
where destination = :channel and seq < :seq and corrects is null
order by seq desc
limit :count;

-- name: last_seq(channel)
-- The newest seq of :channel.
select coalesce(max(seq), 0) as seq from deliveries where channel = :channel;

-- name: dead_letters(count)
-- The newest dead letters.
select * from sent where state = 'dead' order by seq desc limit :count;

-- name: dead_letters_of(channel, count)
-- The newest dead letters of :channel.
select * from sent where destination = :channel and state = 'dead' order by seq desc limit :count;

-- name: dead_letter(seq)
-- The dead letter :seq.
select * from sent where seq = :seq and state = 'dead';

-- name: dead_letter_counts()
-- How many dead letters there are, by channel.
select channel, count(*) as depth from deliveries where state = 'dead' group by channel;

-- name: decide(seq, state, attempts, error, changed)!
-- What becomes of the dead letter :seq.
update deliveries
set state = :state, attempts = :attempts, error = :error, changed = :changed
where seq = :seq and state = 'dead';
