using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Becket.InteropTests.Processes;

/// <summary>
/// A started process and all that it said so far. Disposal kills its whole process group; a process that should end in good
/// order is signalled and waited for first.
/// </summary>
public sealed partial class RunningProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _finished;

    private RunningProcess(Process process)
    {
        _process = process;
        _finished = Task.WhenAll(Output.ReadAsync(process.StandardOutput), Errors.ReadAsync(process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public ProcessText Output { get; } = new();

    public ProcessText Errors { get; } = new();

    public static RunningProcess Start(Command command)
    {
        // setsid(1) makes a session, and thereby a process group, and then becomes the program: the id stays the same.
        var start = new ProcessStartInfo("setsid", [Tool.PathOf(command.Program), .. command.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = command.WorkingFolder,
        };
        foreach (var (name, value) in command.Environment)
            start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"Not started: {command}");
        process.StandardInput.Close();
        return new RunningProcess(process);
    }

    /// <summary>Waits for the end of the process and of what it wrote.</summary>
    public async Task<ProcessOutcome> WaitForExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _finished.WaitAsync(cancellationToken);
        return new ProcessOutcome(_process.ExitCode, Output.ToString(), Errors.ToString());
    }

    /// <summary>Signals the process alone, as a service manager or <c>kill</c> would.</summary>
    public void Signal(PosixSignal signal)
    {
        // A positive number is the system's own.
        var number = signal switch
        {
            PosixSignal.SIGINT => 2,
            PosixSignal.SIGTERM => 15,
            _ => (int)signal > 0 ? (int)signal : throw new ArgumentOutOfRangeException(nameof(signal)),
        };
        if (Kill(Id, number) != 0)
            throw new InvalidOperationException($"kill: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    public async ValueTask DisposeAsync()
    {
        // The group outlives its leader as long as it has members; that none is left is what we want.
        _ = Kill(-Id, 9);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
