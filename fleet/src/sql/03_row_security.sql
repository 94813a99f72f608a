alter table baton.fleet enable row level security;
alter table baton.fleet force row level security;
drop policy if exists own_rows on baton.fleet;
create policy own_rows on baton.fleet using (account = current_user::text) with check (account = current_user::text);

alter table baton.machine enable row level security;
alter table baton.machine force row level security;
drop policy if exists own_rows on baton.machine;
create policy own_rows on baton.machine using (account = current_user::text) with check (account = current_user::text);

alter table baton.run enable row level security;
alter table baton.run force row level security;
drop policy if exists own_rows on baton.run;
create policy own_rows on baton.run using (account = current_user::text) with check (account = current_user::text);

alter table baton.change enable row level security;
alter table baton.change force row level security;
drop policy if exists own_rows on baton.change;
create policy own_rows on baton.change using (account = current_user::text) with check (account = current_user::text);

alter table baton.handoff enable row level security;
alter table baton.handoff force row level security;
drop policy if exists own_rows on baton.handoff;
create policy own_rows on baton.handoff using (account = current_user::text) with check (account = current_user::text);

alter table baton.handoff_part enable row level security;
alter table baton.handoff_part force row level security;
drop policy if exists own_rows on baton.handoff_part;
create policy own_rows on baton.handoff_part using (account = current_user::text) with check (account = current_user::text);
