-- Who only reads keeps no place by a name: it could move another subscriber's past what that one has not handled.
revoke execute on function eventchain.move_subscription_checkpoint from eventchain_reader;
