title a gateway stands still under load: its requests are answered by others
gateway one
gateway two
gateway three
start front portico front.conf
load clients -r 500 -c 64 -d 6s http://{front}/
sleep 2s
pause three
sleep 2s
resume three
wait clients
assert clients errors == 0
assert clients p99_us < 2s
