-- What people were told and what they agreed to, once.

alter table preferences add column welcomed integer not null default 0;
alter table preferences add column posts integer not null default 0; -- they agreed that what they write is posted
