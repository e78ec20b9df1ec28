# shellcheck shell=bash
# Starts and stops a solar system in the background. Sourced by demo and smoke.

server_pid=
server_url=

# start_server PROGRAM [OPTION...]: starts `PROGRAM serve` on a free port; sets server_pid and server_url.
start_server() {
    local folder output line deadline=$((SECONDS + 30))
    folder=$(mktemp -d)
    mkfifo "$folder/output"
    "$1" serve --port 0 "${@:2}" >"$folder/output" &
    server_pid=$!
    exec {output}<"$folder/output"
    rm -r "$folder"
    # The server's end ends its output, so that one that fails is noticed at once.
    while ((SECONDS < deadline)) && read -r -t "$((deadline - SECONDS))" -u "$output" line; do
        if [[ $line == ws://* || $line == wss://* ]]; then
            server_url=${line%% *}
            # What else it prints must not fill the pipe and stop it.
            cat <&"$output" >/dev/null &
            exec {output}<&-
            return 0
        fi
    done
    exec {output}<&-
    echo "the server printed no ws:// address: it ended, or 30 seconds were not enough" >&2
    return 1
}

# stop_server: asks the server to end, after ten seconds insists; the exit status is the server's.
stop_server() {
    local pid=$server_pid
    [[ -n $pid ]] || return 0
    server_pid=
    kill -TERM "$pid" 2>/dev/null || true
    timeout 10 tail --follow --sleep-interval=0.1 --pid="$pid" /dev/null || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid"
}
