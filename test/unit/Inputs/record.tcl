# Runs a script for a vendor's tool. Calls of commands that Tcl itself lacks, `puts` and `exit` are
# recorded, and answered: from `answers`, pairs of a pattern of the call and an answer, else by their
# last word, so that [get_bd_pins a/b] is a/b.
rename puts print
set calls {}

proc unknown {args} {
  lappend ::calls $args
  foreach {pattern answer} $::answers {
    if {[string match $pattern $args]} {
      return $answer
    }
  }
  return [lindex $args end]
}

proc puts {args} {
  lappend ::calls [linsert $args 0 puts]
}

proc exit {args} {
  return -code error -errorcode FINISHED
}

# The calls, each ended by a record separator, their words by unit separators. An error of the script
# is a call of `error`.
proc record {script arguments answers} {
  set ::argv $arguments
  set ::answers $answers
  if {[catch {uplevel #0 [list source $script]} message options]} {
    if {[dict get $options -errorcode] ne "FINISHED"} {
      lappend ::calls [list error $message]
    }
  }
  set text ""
  foreach call $::calls {
    append text [join $call \x1f] \x1e
  }
  return $text
}
