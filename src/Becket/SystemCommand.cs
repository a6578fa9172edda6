using System.ComponentModel;
using System.Diagnostics;
using Becket.Serving;

namespace Becket;

/// <summary>What a tool of the system printed, and how it ended.</summary>
internal sealed record SystemCommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Its complaint in one line.</summary>
    public string Complaint
    {
        get
        {
            var lines = Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return string.Join("; ", lines) is { Length: > 0 } text ? text : $"exit status {ExitCode}";
        }
    }
}

/// <summary>Runs a tool of the system, such as mount(8), to its end. Its messages are in English, for those that are matched.</summary>
internal static class SystemCommand
{
    /// <summary>sudo and service managers may leave out the folders of the administrator's tools.</summary>
    private const string AdministratorFolders = "/usr/sbin:/sbin:/usr/bin:/bin";

    /// <exception cref="CommandException">The tool is not installed.</exception>
    public static async Task<SystemCommandResult> RunAsync(string tool, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:{AdministratorFolders}";
        InlineSockets.HideFrom(start);
        using var process = Start(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        var result = new SystemCommandResult(process.ExitCode, await output, await errors);
        // Pipes may be completed by the thread that completes sockets, and what follows here waits for the kernel.
        await Task.Yield();
        return result;
    }

    private static Process Start(ProcessStartInfo start)
    {
        var path = Find(start.FileName) ?? throw new CommandException($"'{start.FileName}' is not installed; {Package(start.FileName)}");
        start.FileName = path;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new CommandException($"'{path}' cannot be run: {e.Message}", inner: e);
        }
    }

    private static string? Find(string tool) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:{AdministratorFolders}".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);

    private static string Package(string tool) => tool switch
    {
        "mount" or "umount" => "install the package mount",
        "fusermount3" => "install the package fuse3",
        "udevadm" => "install the package udev",
        _ => "install the package util-linux",
    };
}
