title gateways are killed while POSTs are under way: some fail, none is done twice
gateway one --delay 20ms
gateway two --delay 20ms
gateway three --delay 20ms
start front portico front.conf
load clients -r 500 -c 64 -d 5s -X POST --body-size 100 http://{front}/
sleep 1s
kill one
sleep 1s
restart one
kill two
sleep 1s
restart two
wait clients
assert all duplicates == 0
assert clients answers > 2400
