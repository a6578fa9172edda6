using System.CommandLine;
using Becket.Attaching;
using Becket.Daemon;
using Becket.Fuse;
using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary>The hidden commands that background processes run; their one word is for people who look at ps(1).</summary>
internal static class BackgroundCommands
{
    public static Command Supervise()
    {
        var source = new Argument<string>("source");
        var command = new Command(DaemonStart.SupervisorCommand) { source };
        command.Hidden = true;
        command.SetAction(async (parsed, stopping) =>
        {
            try
            {
                return await new Supervisor(DaemonStart.ReadPlan(), parsed.GetValue(source)!).RunAsync(stopping);
            }
            catch (Exception e) when (ErrorEdge.Explain(e) is { Foreseen: true } explained)
            {
                DaemonStart.Report(new StartReport { Failure = explained.Sentence, ExitCode = explained.ExitCode });
                return explained.ExitCode;
            }
        });
        return command;
    }

    public static Command Serve()
    {
        var command = new Command(DaemonStart.ServerCommand) { new Argument<string>("source") };
        command.Hidden = true;
        command.SetAction((_, stopping) => ServeAsync(DaemonStart.ReadPlan(), stopping));
        return command;
    }

    public static Command AttachLoop() => About("file", LoopAttacher.Command, static (file, output) =>
    {
        // Not disposed: it belongs to the process that asked for it.
        var loop = LoopDevice.Attach(file, new LoopDeviceOptions());
        new BlockNode(loop.Path).Prepare();
        output.WriteLine(loop.Index);
    });

    public static Command PrepareDisk() => About("device", BlockNode.PrepareCommand, static (device, _) => new BlockNode(device).Prepare());

    private static Command About(string what, string name, Action<string, TextWriter> action)
    {
        var subject = new Argument<string>(what);
        var command = new Command(name) { subject };
        command.Hidden = true;
        command.SetAction(parsed => action(parsed.GetValue(subject)!, parsed.InvocationConfiguration.Output));
        return command;
    }

    /// <summary>Whatever goes wrong before it serves is told to the command that waits; after that, to the log.</summary>
    private static async Task<int> ServeAsync(DaemonPlan plan, CancellationToken stopping)
    {
        InlineSockets.Enable();
        var isReady = false;
        try
        {
            var request = AttachingCommand.ReadRequest(plan.Arguments);
            using var folder = StateFolder.Open(plan.Id!);
            if (!folder.TryLock(StateLock.Server))
                throw new CommandException($"{request.Source} is being served by another process");
            var memory = RestartMemory.Of(plan.Arguments, request, plan.LogFile, plan.Supervisor);
            // Nothing is relative from here on, and a folder that somebody stands in cannot be unmounted.
            Environment.CurrentDirectory = "/";
            using var loggers = StderrLog.CreateFactory(
                request.IsVerbose ? LogLevel.Debug : LogLevel.Information, request.LogFormat, TimeProvider.System);
            await ServedAttachment.RunAsync(request, folder, memory, loggers, report =>
            {
                isReady = true;
                DaemonStart.LeaveSession();
                DaemonStart.Report(report);
            }, stopping);
            return ExitCode.Success;
        }
        catch (Exception e) when (!isReady)
        {
            var (sentence, exitCode, isForeseen) = ErrorEdge.Explain(e);
            if (!isForeseen)
                await Journal.WriteLineAsync(LogLevel.Error, e.ToString());
            DaemonStart.Report(new StartReport { Failure = sentence, ExitCode = exitCode });
            return exitCode;
        }
    }
}
