using System.CommandLine;
using System.Text.Json;
using Becket.Attaching;
using Becket.Daemon;
using Becket.Mounting;
using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary>
/// What <c>mount</c> and <c>attach</c> have in common: reading the request, and having it served, by a process in the background
/// or by this one.
/// </summary>
/// <param name="arguments">The program's whole command line, which a background process reads once more.</param>
internal abstract class AttachingCommand(IReadOnlyList<string> arguments)
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    protected AttachOptions Options { get; } = new();

    public abstract Command Build();

    public abstract AttachmentRequest Read(ParseResult parsed);

    /// <summary>Reads a command line that was given to another process.</summary>
    public static AttachmentRequest ReadRequest(IReadOnlyList<string> arguments)
    {
        var (mount, attach) = (new MountCommand(arguments), new AttachCommand(arguments));
        var parsed = CommandTree.Root([mount.Build(), attach.Build()]).Parse(arguments);
        return parsed.CommandResult.Command.Name == "mount" ? mount.Read(parsed) : attach.Read(parsed);
    }

    protected async Task<int> RunAsync(ParseResult parsed, CancellationToken stopping)
    {
        var request = Read(parsed);
        var id = await FindDeadAsync(request, stopping);
        var output = parsed.InvocationConfiguration.Output;
        if (Options.IsForeground(parsed))
            return await ServeHereAsync(parsed, request, id, stopping);

        var plan = new DaemonPlan { Arguments = arguments, Id = id, LogFile = Options.LogFile(parsed) };
        var report = await BackgroundStart.RunAsync(plan, request.Source.ToString(), Environment.CurrentDirectory, NoVariables, stopping);
        if (report.Failure is not null)
            throw new CommandException(report.Failure, report.ExitCode);
        Print(parsed, output, report);
        return ExitCode.Success;
    }

    /// <summary>The number of an attachment of the same kind whose process has died, to be taken over; null for a new one.</summary>
    private static async Task<string?> FindDeadAsync(AttachmentRequest request, CancellationToken stopping)
    {
        if (request.MountPoint is null || AttachmentFinder.At(request.MountPoint) is not { State: { } state } folder)
            return null;
        if (MountPoint.Occupant(request.MountPoint) is null && await HasEndedAsync(folder, state, stopping))
            return null;
        if (folder.IsAttended)
            throw AttachmentFinder.MountedAlready(state);
        return state.Source == request.Source.ToString()
            ? folder.Id
            : throw new CommandException(
                $"{request.MountPoint} has a mount of {state.Source} whose process has died; "
                + $"'becket umount {request.MountPoint}' clears it");
    }

    /// <summary>
    /// Whether one that is unmounted and about to end has done so in time, as when umount(8) and mount(8) follow one another.
    /// </summary>
    private static async Task<bool> HasEndedAsync(StateFolder folder, AttachmentState state, CancellationToken stopping)
    {
        if (!folder.IsAttended)
            return folder.State is null;
        try
        {
            await AttachmentEnd.WhenEndedAsync(state, TimeProvider.System.GetTimestamp(), stopping);
            return folder.State is null;
        }
        catch (CommandException)
        {
            return false;
        }
    }

    private async Task<int> ServeHereAsync(ParseResult parsed, AttachmentRequest request, string? id, CancellationToken stopping)
    {
        InlineSockets.Enable();
        using var loggers = StderrLog.CreateFactory(LogLevelOf(request), request.LogFormat, clock: null);
        using var folder = id is null ? StateFolder.Claim(StateLock.Supervisor, StateLock.Server) : StateFolder.Open(id);
        if (id is not null && !folder.TryLock(StateLock.Supervisor, StateLock.Server))
            throw new CommandException($"{request.Source} is being served by another process since a moment ago");
        var memory = RestartMemory.Of(arguments, request, log: null, supervisor: null);
        await ServedAttachment.RunAsync(request, folder, memory, loggers, report =>
        {
            foreach (var remark in report.Remarks)
                Console.Error.WriteLine($"becket: {remark}");
            Print(parsed, parsed.InvocationConfiguration.Output, report);
            parsed.InvocationConfiguration.Output.Flush();
            ServiceNotification.Ready();
        }, stopping);
        return ExitCode.Success;
    }

    /// <summary>A person is told what is wrong, a service's journal and other machines also what happens.</summary>
    private static LogLevel LogLevelOf(AttachmentRequest request) =>
        ServiceNotification.IsWanted && !request.IsVerbose
            ? LogLevel.Information
            : StderrLog.LevelFor(request.IsVerbose, request.LogFormat);

    private void Print(ParseResult parsed, TextWriter output, StartReport report)
    {
        if (Options.IsJson(parsed))
            output.WriteLine(JsonSerializer.Serialize(report, DaemonJson.Readable.StartReport));
        else
            PrintText(output, report);
    }

    /// <summary>What people see when it is done.</summary>
    protected abstract void PrintText(TextWriter output, StartReport report);
}
