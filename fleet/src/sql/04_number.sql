insert into baton.version as stored (single, number, oldest_writer) values (1, 1, 1)
    on conflict (single) do update set number = excluded.number, oldest_writer = excluded.oldest_writer
    where stored.number < excluded.number;
