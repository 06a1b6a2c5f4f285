-- Contacts have a cap for each domain, and end when they were not seen for a long time.

alter table contacts add column domain text not null default '';
alter table contacts add column seen integer not null default 0; -- ms
update contacts
set
    domain = substr(theirs, instr(theirs, '@') + 1),
    seen = cast(strftime('%s', 'now') as integer) * 1000;
create index contacts_by_theirs on contacts (theirs);
create index contacts_by_domain on contacts (domain);
create index contacts_by_seen on contacts (seen);
