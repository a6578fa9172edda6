using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Becket.Fuse.Mounting;

/// <summary>
/// fusermount3, which belongs to root and mounts for others. It opens /dev/fuse itself and hands the descriptor back over a socket.
/// </summary>
internal static partial class MountHelper
{
    private const string Program = "fusermount3";

    /// <exception cref="FuseException">It is missing, or refuses; the sentence has its words.</exception>
    public static SafeFileHandle Mount(string folder, MountOptions options)
    {
        var (ours, theirs) = DescriptorSocket.CreatePair();
        using (ours)
        using (theirs)
        {
            // Without allow_other, which fusermount3 grants only where /etc/fuse.conf says so.
            var words = (options.Access == FileAccess.Read ? "ro," : "")
                + $"nosuid,nodev,default_permissions,subtype=becket,max_read={options.MaximumRead},fsname={Escape(options.Source)}";
            var start = StartInfo("-o", words, "--", folder);
            start.Environment["_FUSE_COMMFD"] = theirs.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
            using var process = Start(start);
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 && DescriptorSocket.TryReceive(ours) is { } file
                ? file
                : throw new FuseException($"{Program} cannot mount on {folder}: {Shorten(errors)}");
        }
    }

    public static async Task UnmountAsync(string folder, UnmountManner manner, ILogger logger)
    {
        var start = manner == UnmountManner.Polite ? StartInfo("-u", "--", folder) : StartInfo("-u", "-z", "--", folder);
        using var process = Start(start);
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            LogNotUnmounted(logger, folder, errors);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new FuseException(
                $"without root a mount takes {Program}, which cannot be run ({e.Message}); install the package fuse3, or run this as root",
                e);
        }
    }

    private static ProcessStartInfo StartInfo(params IEnumerable<string> arguments) =>
        new(Program, arguments) { RedirectStandardError = true, UseShellExecute = false };

    /// <summary>A comma ends an option.</summary>
    private static string Escape(string value) =>
        value.Replace("\\", @"\\", StringComparison.Ordinal).Replace(",", @"\,", StringComparison.Ordinal);

    private static string Shorten(string errors) => errors.Trim().ReplaceLineEndings("; ");

    [LoggerMessage(Level = LogLevel.Debug, Message = "fusermount3 did not unmount {Folder}: {Reason}")]
    private static partial void LogNotUnmounted(ILogger logger, string folder, string reason);
}
