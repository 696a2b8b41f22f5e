// Package unix writes shell scripts for hosts that are read by collectors/unix. It runs nothing: a person reads the script, copies it
// to the host and runs it as root.
//
//	<dir>/<system>/<YYYY-MM-DD>/<action id>.sh   one order: what, why, finding and inverse as comments, then POSIX sh
//	<dir>/<system>/<YYYY-MM-DD>/run-me.sh        runs the orders of the day that were not taken back, each only as it was listed
//
// Every script looks before it changes: it stops on another host, for an account of that name with another uid, for a group with
// another gid, and has nothing to do when the change is there. It uses shadow-utils (usermod, useradd, userdel, gpasswd), never an editor.
// Before a change it notes on the host what was there (/var/lib/muster-orders, root only, no password hash); the order that takes it
// back restores exactly that, unless somebody else changed it since. An order that was carried out is not carried out again. It ends
// with 0 when the change is there, 1 when it was not made, and 3 when it must be made by hand.
//
//	disable-account      usermod --lock --expiredate 1: the lock stops passwords, the expiry also keys, cron and sudo
//	enable-account       usermod --unlock --expiredate ''
//	set-expiry           usermod --expiredate DAYS; shadow(5) knows whole days, so the first midnight UTC not before the moment
//	delete-account       userdel without --remove, for accounts that are disabled; files stay
//	create-account       useradd --create-home --comment, without a password
//	remove-, grant-      gpasswd --delete, --add for groups; what sudo allows is told and left to visudo
//	revoke-sessions      loginctl terminate-user, pkill -TERM, then -KILL
//
// Texts of systems and people are hostile. In a script they stand in single quotes, as values of variables that the code, which is the
// same for every order, never evaluates; names with control or formatting characters are refused; in comments those stand as code
// points, and every comment is one line.
//
// Inspect looks for the order and not at the host, which is why its observations are Unseen. See package order for how orders are kept
// and for errors.
package unix
