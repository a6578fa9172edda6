using System.Globalization;

namespace Becket.Serving;

/// <summary>A file that holds this process's id while the server is ready. Disposing it removes the file.</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string _path;

    private PidFile(string path) => _path = path;

    /// <summary>Writes the file in one step, so that a reader never sees half a number.</summary>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static PidFile Write(string path)
    {
        path = Path.GetFullPath(path);
        var temporary = $"{path}.{Environment.ProcessId}";
        try
        {
            File.WriteAllText(temporary, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
            File.Move(temporary, path, overwrite: true);
            return new PidFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw new CommandException($"cannot write the pid file {path}: {e.Message}", inner: e);
        }
    }

    /// <summary>Gives it to the user that the server becomes.</summary>
    public void GiveTo(ServingUser user) => user.TakeOver(_path);

    public void Dispose() => LeftBehind.Remove(_path);
}
