-- What speaks by itself: what sources keep about their channels, reminders; and what became of stories.

create table memories (
    channel text primary key,
    state text not null
) without rowid;

create table reminders (
    id integer primary key autoincrement,
    who text not null,
    channel text not null,
    body text not null,
    due integer not null,
    schedule text not null default '',
    zone text not null default 'UTC'
);

create table stories (
    seq integer primary key references deliveries (seq),
    title text not null,
    body text not null,
    published integer not null,
    changed integer not null
);
