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

-- name: forget_asks(before)!
-- What was asked before :before.
delete from asks where at < :before;

-- name: asks(target, who, domain, since, upto)
-- How often :target was asked from :since to :upto, how often :who did so, and how often everyone at :domain.
select
    (select count(*) from asks where target = :target and at between :since and :upto) as mailbox,
    (select count(*) from asks where who = :who and at between :since and :upto) as person,
    (
        select count(*) from asks
        where substr(who, instr(who, '@')) = :domain and at between :since and :upto
    ) as domain;

-- name: add_ask(target, who, at)!
-- :target is asked, as :who wants.
insert into asks (target, who, at) values (:target, :who, :at);
