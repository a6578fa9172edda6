namespace Becket.Serving;

/// <summary>Removes what the server made, as far as it may: after <c>--user</c> the folder can be out of its reach.</summary>
internal static class LeftBehind
{
    /// <summary>What stays is harmless: a socket that nobody listens on is replaced by the next server, and so is a pid file.</summary>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            Console.Error.WriteLine($"becket: {path} stays: {e.Message}");
        }
    }
}
