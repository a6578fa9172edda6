using System.Runtime.InteropServices;
using Becket;
using Becket.Commands;

var together = TimeSpan.FromMilliseconds(500);
var firstSignal = 0L;
using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

CoreDumps.Forbid();
return MountHelper.IsCalled
    ? await MountHelper.RunAsync(args, stopping.Token)
    : await ErrorEdge.RunAsync(CommandTree.Parse(args), stopping.Token);

// The first signal ends the program in order; a second one at once. Terminals and service managers tell every process, and those
// pass it on to the ones they started: what comes together is one.
void Stop(PosixSignalContext context)
{
    lock (stopping)
    {
        if (!stopping.IsCancellationRequested)
            firstSignal = TimeProvider.System.GetTimestamp();
        else if (TimeProvider.System.GetElapsedTime(firstSignal) > together)
            return;
    }
    context.Cancel = true;
    stopping.Cancel();
}
