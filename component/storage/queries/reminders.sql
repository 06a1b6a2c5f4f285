-- Reminders.

-- name: add_reminder(who, name, channel, body, due, schedule, zone, language, most)
-- Keep a reminder and give its number; no row where :who has :most already.
insert into reminders (who, name, channel, body, due, schedule, zone, language)
select :who, :name, :channel, :body, :due, :schedule, :zone, :language
where (select count(*) from reminders where who = :who) < :most
returning id;

-- name: reminder(id)
-- The reminder of a number.
select * from reminders where id = :id;

-- name: reminders(count)
-- The next :count of all reminders.
select * from reminders order by due, id limit :count;

-- name: reminders_of(who, count)
-- The next :count that :who asked for.
select * from reminders where who = :who order by due, id limit :count;

-- name: due_reminders(now, count)
-- The first :count whose time has come.
select * from reminders where due <= :now order by due, id limit :count;

-- name: next_reminder()
-- When the next is due.
select due from reminders order by due limit 1;

-- name: drop_reminder(id)
-- Forget a reminder; gives its number where it was there.
delete from reminders where id = :id returning id;

-- name: end_reminders(rows)!
-- Of :rows (a JSON list of [id, due]), forget those that are still due then.
delete from reminders
where (id, due) in (select value ->> 0, value ->> 1 from json_each(:rows));

-- name: put_off_reminders(rows)!
-- Of :rows (a JSON list of [id, due, next]), those that are still due then come at their next time.
update reminders set due = change.next
from (select value ->> 0 as id, value ->> 1 as due, value ->> 2 as next from json_each(:rows)) as change
where reminders.id = change.id and reminders.due = change.due;
