create unique index if not exists run_of_session on baton.run (account, session)
    where status in ('active', 'waiting', 'paused');

create unique index if not exists run_supervised on baton.run (account, project, name)
    where session is null and status in ('active', 'waiting', 'paused');

create index if not exists run_of_project on baton.run (account, project)
    where status in ('active', 'waiting', 'paused');

create index if not exists run_unfinished on baton.run (account, written)
    where status in ('active', 'waiting', 'paused');

create index if not exists run_of_handoff on baton.run (account, handoff) where handoff is not null;

create index if not exists handoff_of_session on baton.handoff (account, session);

create index if not exists handoff_made on baton.handoff (account, made);

create index if not exists part_stored on baton.handoff_part (account, stored);
