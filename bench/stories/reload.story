title another configuration is put in place five times under load: nobody notices
gateway one
gateway two
gateway three
start front portico front.conf
load clients -r 1000 -c 32 -d 5s http://{front}/
load newcomers -c 4 --close -d 5s http://{front}/
sleep 500ms
reload front front-2.conf
sleep 500ms
reload front front.conf
sleep 500ms
reload front front-2.conf
sleep 500ms
reload front front.conf
sleep 500ms
reload front front-2.conf
wait clients
wait newcomers
assert clients errors == 0
assert newcomers errors == 0
assert all duplicates == 0
