-- Who is muted, which messages were deleted, and what people like better.

create table mutes (
    key text primary key,
    name text not null,
    until integer not null,
    reason text not null
) without rowid;

create table deletions (
    message_id text primary key references messages (id),
    at integer not null,
    who text not null
) without rowid;

create table preferences (
    jid text primary key,
    language text not null,
    confirm text not null
) without rowid;
