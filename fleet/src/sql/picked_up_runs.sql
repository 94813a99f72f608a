-- $8 handoff
select jsonb_build_object(
    'standing', (select description || jsonb_build_object('has_seen', has_seen, 'known', known) from standing),
    'is_done', exists (select 1 from picked_up),
    'runs', (
        select coalesce(jsonb_agg(r.id), '[]'::jsonb) from baton.run r
        where r.account = current_user::text and r.handoff = $8
    )
)::text
