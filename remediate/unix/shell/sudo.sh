
# sudo's rules are written by people: a tool that edits them can shut everybody out.
look
if [ "$found" != yes ]; then
	say "there is no account $name"
	exit 0
fi
same
case $action in
remove-entitlement)
	say "take from $name what gives it: $entitlement"
	say "with visudo (and visudo -f for the files in /etc/sudoers.d); where it comes by way of a group, take $name out of that group"
	;;
*)
	say "give $name this, with visudo -f and a file in /etc/sudoers.d: $entitlement"
	;;
esac
by_hand "sudo -l -U $name shows what holds before and after"
