-- $8 machine
, owned as (
    select r.id from baton.run r
    where r.account = current_user::text and r.owner_machine = $8 and r.status in ('active', 'waiting', 'paused')
), removed as (
    delete from baton.machine m
    where m.account = current_user::text and m.id = $8 and m.id <> $3 and m.seen < now() - interval '1 hour'
        and not exists (select 1 from owned) and exists (select 1 from allowed)
    returning m.id
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from removed)
        or not exists (select 1 from baton.machine m where m.account = current_user::text and m.id = $8),
    'runs', (select coalesce(jsonb_agg(id), '[]'::jsonb) from owned)
)::text
