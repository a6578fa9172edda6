namespace Becket.Tests.Nbd;

/// <summary>What this process holds, as the kernel counts it.</summary>
internal static class ProcessCount
{
    /// <summary>Threads of NBD sessions, by the names that they give themselves.</summary>
    public static int SessionThreads() => Directory.EnumerateDirectories("/proc/self/task").Count(IsSession);

    public static int Sockets() => Directory.EnumerateFiles("/proc/self/fd").Count(IsSocket);

    private static bool IsSession(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("nbd ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // It has ended.
        }
    }

    private static bool IsSocket(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
