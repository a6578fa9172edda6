using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Becket.Nbd.Kernel.Netlink;

namespace Becket.Nbd.Kernel;

/// <summary>
/// The nbd driver of the kernel that we run on, for questions and orders that need no device of our own. Every call may wait for the
/// kernel. Failures are <see cref="KernelDeviceException"/>s.
/// </summary>
public static class KernelDriver
{
    private const string Module = "nbd";
    private const string BlockFolder = "/sys/block";

    /// <summary>
    /// Whether a device could be attached, privileges aside. Asking makes the kernel load its module where it can; without a right to
    /// do so, that a module could be loaded is enough.
    /// </summary>
    public static bool IsAvailable
    {
        get
        {
            try
            {
                using var socket = GenericNetlinkSocket.Open();
                return socket.FindFamily(KernelMessages.Family) is not null || RunModprobe("--dry-run").Succeeded;
            }
            catch (NetlinkException)
            {
                return false;
            }
        }
    }

    /// <summary>Whether a device is in use: connected, or at least held open by some program, be it after a disconnect.</summary>
    public static bool IsConnected(int index)
    {
        using var connection = KernelConnection.Open();
        var answer = connection.Request(KernelCommand.Status, KernelMessages.Device(index), $"ask for the state of {PathOf(index)}");
        return KernelMessages.ReadIsConnected(answer, index);
    }

    /// <summary>
    /// What the device holds, in the words of whoever connected it; null where it is not connected, was connected without such words, or
    /// the kernel is older than 5.14. A device that was disconnected under a mount keeps its words until it is unmounted.
    /// </summary>
    public static string? BackendOf(int index) => ReadAttribute(index, "backend") is { Length: > 0 } backend ? backend : null;

    /// <summary>Indexes of the devices that are connected and hold what the identifier says.</summary>
    public static IReadOnlyList<int> FindByBackend(string identifier)
    {
        var found = new List<int>();
        if (!Directory.Exists(BlockFolder))
            return found;

        foreach (var folder in Directory.EnumerateDirectories(BlockFolder, "nbd*"))
        {
            var number = Path.GetFileName(folder.AsSpan())["nbd".Length..];
            if (int.TryParse(number, CultureInfo.InvariantCulture, out var index) && BackendOf(index) == identifier)
                found.Add(index);
        }

        found.Sort();
        return found;
    }

    /// <summary>
    /// Disconnects a device, whoever serves it. What is mounted from it fails from then on: whether it is in use is for the caller to
    /// find out before. A device that is not connected stays as it is.
    /// </summary>
    public static void Disconnect(int index)
    {
        using var connection = KernelConnection.Open();
        connection.Request(KernelCommand.Disconnect, KernelMessages.Device(index), $"disconnect {PathOf(index)}");
    }

    internal static string PathOf(int index) => string.Create(CultureInfo.InvariantCulture, $"/dev/nbd{index}");

    /// <summary>Null where the kernel has no such file: the device is not connected, or the kernel is older.</summary>
    internal static string? ReadAttribute(int index, string name)
    {
        try
        {
            return File.ReadAllText(AttributePath(index, name)).TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static string AttributePath(int index, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{BlockFolder}/nbd{index}/{name}");

    /// <summary>Loads the module, or throws with what to do about it.</summary>
    internal static ushort FindFamily(GenericNetlinkSocket socket)
    {
        if (socket.FindFamily(KernelMessages.Family) is { } family)
            return family;

        var loading = RunModprobe("--verbose");
        if (loading.Succeeded && socket.FindFamily(KernelMessages.Family) is { } loaded)
            return loaded;

        throw new KernelDeviceException(
            Environment.IsPrivilegedProcess || !RunModprobe("--dry-run").Succeeded
                ? $"this kernel has no nbd module ({loading.Reason}); use --via fuse, or install the rest of the kernel's modules"
                : "the kernel's nbd module is not loaded and only root may load it; run this with sudo");
    }

    private static (bool Succeeded, string Reason) RunModprobe(string option)
    {
        try
        {
            using var modprobe = Process.Start(new ProcessStartInfo(FindModprobe(), [option, Module])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            var output = modprobe.StandardOutput.ReadToEndAsync();
            var errors = modprobe.StandardError.ReadToEnd().Trim();
            output.GetAwaiter().GetResult();
            modprobe.WaitForExit();
            return (modprobe.ExitCode == 0, errors.Length > 0 ? errors.ReplaceLineEndings("; ") : $"modprobe {Module} changed nothing");
        }
        catch (Win32Exception e)
        {
            return (false, $"cannot run modprobe: {e.Message}");
        }
    }

    /// <summary>Users without privileges often have no sbin in their path.</summary>
    private static string FindModprobe() =>
        Array.Find(["/usr/sbin/modprobe", "/sbin/modprobe"], File.Exists) ?? "modprobe";
}
