grant usage on schema baton to ROLE;
grant select on baton.version to ROLE;
grant select, insert on baton.fleet to ROLE;
grant update (epoch, change, commit_id) on baton.fleet to ROLE;
grant select, insert, update, delete on baton.machine to ROLE;
grant select, insert, update on baton.run to ROLE;
grant select, insert on baton.change to ROLE;
grant select, insert, update on baton.handoff to ROLE;
grant select, insert, update, delete on baton.handoff_part to ROLE;
