-- $8 name, $9 token
, joined as (
    insert into baton.machine as m (account, id, name, token)
    select current_user::text, $3, $8, $9 from standing s
    where s.number >= $5 and s.oldest_writer <= $5 and s.fleet is not null
        and current_setting('transaction_isolation') = 'serializable'
    on conflict (account, id) do update set name = excluded.name, token = excluded.token, seen = now()
    where m.token is null or m.token = excluded.token
    returning m.id
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', true) from standing),
    'is_done', exists (select 1 from joined)
)::text
