create schema if not exists baton;

-- The account is compared with the name of the user, whose collation is C. With another one no index would be used.

create table if not exists baton.version (
    single integer primary key check (single = 1),
    number bigint not null,
    oldest_writer bigint not null
);

create table if not exists baton.fleet (
    account text collate "C" not null default current_user primary key,
    id text not null,
    epoch bigint not null,
    change bigint not null,
    commit_id text,
    created timestamptz not null default now()
);

create table if not exists baton.machine (
    account text collate "C" not null default current_user,
    id text not null,
    name text not null,
    -- Null after a recovery: the next machine that shows one has it.
    token text,
    joined timestamptz not null default now(),
    seen timestamptz not null default now(),
    primary key (account, id)
);

create table if not exists baton.run (
    account text collate "C" not null default current_user,
    id text not null,
    revision bigint not null,
    version bigint not null,
    fence bigint not null,
    -- The fence without what recoveries added.
    base_fence bigint not null,
    name text not null,
    status text not null,
    iteration bigint not null,
    session text,
    project text not null,
    owner_machine text,
    handoff text,
    lease_end timestamptz,
    ended_process jsonb,
    directory text,
    record jsonb not null,
    written timestamptz not null default now(),
    primary key (account, id),
    constraint run_has_one_owner check ((owner_machine is null) <> (handoff is null))
);

create table if not exists baton.change (
    account text collate "C" not null default current_user,
    number bigint not null,
    commit_id text not null,
    machine text,
    reason text not null,
    runs jsonb not null,
    epoch bigint not null,
    written timestamptz not null default now(),
    primary key (account, number),
    constraint change_commit unique (account, commit_id)
);

create table if not exists baton.handoff (
    account text collate "C" not null default current_user,
    id text not null,
    session text not null,
    origin text not null,
    target text,
    parts bigint not null,
    digest text not null,
    project text,
    picked_up text,
    made timestamptz not null default now(),
    primary key (account, id)
);

create table if not exists baton.handoff_part (
    account text collate "C" not null default current_user,
    handoff text not null,
    number bigint not null,
    session text not null,
    bytes bytea not null,
    stored timestamptz not null default now(),
    primary key (account, handoff, number)
);
