-- Addresses and confirmation requests.

-- name: address(who, target)
-- An address as :who gave it.
select * from addresses where who = :who and target = :target;

-- name: all_addresses()
-- Every address.
select * from addresses order by who, target;

-- name: addresses_of(who, target)
-- Those that :who gave; :target alone, where it is not null.
select * from addresses where who = :who and target = coalesce(:target, target) order by target;

-- name: addresses_for(target)
-- Everyone's who gave :target.
select * from addresses where target = :target order by who;

-- name: put_address(who, target, mailbox, proof, asked, tries, why)!
-- Keep an address, in the place of what it was before.
insert into addresses (who, target, mailbox, proof, asked, tries, why)
values (:who, :target, :mailbox, :proof, :asked, :tries, :why)
on conflict (who, target) do update
set proof = excluded.proof, asked = excluded.asked, tries = excluded.tries, why = excluded.why;

-- name: end_fallbacks(who, target)!
-- Nothing of :who falls back to :target any more.
update subscriptions set fallback = '' where who = :who and fallback = :target;

-- name: drop_address(who, target)!
-- Forget an address.
delete from addresses where who = :who and target = :target;

-- name: drop_addresses_for(target)!
-- Forget :target, whoever gave it.
delete from addresses where target = :target;

-- name: bounce_addresses(target, why)!
-- What was sent to :target came back. What its owner said of it stays.
update addresses set proof = 'bounced', asked = 0, why = :why
where target = :target and proof not in ('bounced', 'refused');

-- name: stopped(mailbox)
-- A row where the owner of :mailbox wants nothing.
select 1 from addresses where mailbox = :mailbox and proof = 'refused' limit 1;

-- name: allow(mailbox)!
-- The owner of :mailbox may be asked again.
delete from addresses where mailbox = :mailbox and proof = 'refused';

-- name: take_try(who, since, upto, most)
-- One try more of each of :who's that was asked from :since to :upto and has had less than :most.
update addresses set tries = tries + 1
where who = :who and asked between :since and :upto and asked > 0 and tries < :most
returning *;

-- name: forget_requests(before)!
-- Forget confirmation requests before :before.
delete from confirmation_requests where at < :before;

-- name: request_counts(mailbox, person, domain, since, upto)
-- How many confirmation requests :mailbox got from :since to :upto, how many :person caused, and everyone at :domain.
select
    (
        select count(*) from confirmation_requests
        where mailbox = :mailbox and at between :since and :upto
    ) as mailbox,
    (
        select count(*) from confirmation_requests
        where requested_by = :person and at between :since and :upto
    ) as person,
    (
        select count(*) from confirmation_requests
        where substr(requested_by, instr(requested_by, '@')) = :domain and at between :since and :upto
    ) as domain;

-- name: add_request(message_id, mailbox, who, requested_by, at)!
-- The message :message_id asks :mailbox, for the address that :who gave, as :requested_by wants.
insert into confirmation_requests (message_id, mailbox, who, requested_by, at)
values (:message_id, :mailbox, :who, :requested_by, :at);

-- name: request(message_id)
-- The confirmation request that is the message :message_id.
select who, requested_by, at from confirmation_requests where message_id = :message_id;
