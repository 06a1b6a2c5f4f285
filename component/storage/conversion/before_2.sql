-- What operators change while the bus runs: versions against overwriting each other, roles, and who changed what.

alter table channels add column enabled integer not null default 1;
alter table channels add column version integer not null default 1;
alter table routes add column version integer not null default 1;

create index deliveries_dead on deliveries (channel, seq) where state = 'dead';

create table roles (
    jid text primary key,
    role text not null
) without rowid;

create table audit (
    id integer primary key autoincrement,
    at integer not null,
    who text not null,
    way text not null,
    what text not null,
    before text not null,
    after text not null
);
