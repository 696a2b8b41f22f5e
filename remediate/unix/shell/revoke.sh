
# End what runs for the account: sessions, and processes that outlived theirs.
once
look
gone
if ! command -v pgrep >/dev/null 2>&1 || ! command -v pkill >/dev/null 2>&1; then die 'pgrep and pkill (procps) are needed'; fi
if [ "$uid_now" = 0 ]; then die 'the system itself runs with uid 0'; fi
while IFS=: read -r f1 f2 f3 f4 f5 f6 f7 || [ -n "$f1" ]; do
	if [ "$f3" = "$uid_now" ] && [ "$f1" != "$name" ]; then die "$f1 has the uid $uid_now too: its processes would end"; fi
done <"$base/etc/passwd"
if ! pgrep -U "$uid_now" >/dev/null; then already "nothing runs for $name"; fi
if command -v loginctl >/dev/null 2>&1; then loginctl terminate-user "$uid_now" 2>/dev/null || :; fi # it knows no sessions where logind does not run
pkill -TERM -U "$uid_now" || :
sleep 2
pkill -KILL -U "$uid_now" || :
sleep 1
if pgrep -U "$uid_now" >/dev/null; then die "processes of $name are left: ps -U $uid_now"; fi
finish "nothing runs for $name any more"
