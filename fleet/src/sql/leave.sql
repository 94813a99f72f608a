, removed as (
    delete from baton.machine m
    where m.account = current_user::text and m.id = $3 and exists (select 1 from member)
    returning m.id
)
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from removed)
)::text
