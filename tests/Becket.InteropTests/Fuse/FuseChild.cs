using System.Runtime.InteropServices;
using Becket.Blocks.Sources;
using Becket.Fuse;
using Becket.InteropTests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.InteropTests.Fuse;

/// <summary>
/// Another process that serves a file: this test program once more, for what a process has to be killed for, or be another user. It
/// writes "ready" when the file is there and unmounts at SIGTERM.
/// </summary>
internal static class FuseChild
{
    private const string Variable = "BECKET_TEST_FUSE_CHILD";
    private const string NeverAnswers = "never-answers";

    /// <summary>Serves an image at "disk.img" in a folder.</summary>
    public static Command Serve(string image, string folder) => CommandFor(image, folder);

    /// <summary>Serves a file of which no byte ever comes.</summary>
    public static Command NeverAnswer(string folder) => CommandFor(NeverAnswers, folder);

    /// <summary>The same for a user who is not root.</summary>
    public static Command AsNobody(Command command) => command with
    {
        Program = "setpriv",
        Arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", command.Program, .. command.Arguments],
    };

    /// <summary>Ends the process if it is a child, which is no test run.</summary>
    internal static void RunIfChild()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ', 2) is [var image, var folder])
            Environment.Exit(RunAsync(image, folder).GetAwaiter().GetResult());
    }

    private static Command CommandFor(string image, string folder)
    {
        var program = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(FuseChild).Assembly.Location] : [];
        return new Command(program, arguments)
        {
            Environment =
            [
                (Variable, $"{image} {folder}"),
                ("DOTNET_STARTUP_HOOKS", typeof(FuseChild).Assembly.Location),
            ],
        };
    }

    private static async Task<int> RunAsync(string image, string folder)
    {
        var ending = new TaskCompletionSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ending.TrySetResult();
        });
        try
        {
            await using var device = image == NeverAnswers
                ? new SlowDevice(new MemoryDevice(1 << 20), (_, cancelled) => Task.Delay(Timeout.Infinite, cancelled))
                : new SlowDevice(FileDevice.Open(image, FileAccess.Read), (_, _) => Task.CompletedTask);
            var options = new FuseFileOptions { FileName = "disk.img", Source = image, Caching = FuseCaching.None };
            await using var file = FuseFile.Mount(device, folder, options, NullLogger.Instance);
            await Console.Out.WriteLineAsync("ready");
            await ending.Task;
            return 0;
        }
        catch (FuseException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }
}
