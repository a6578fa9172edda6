using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Becket.Sources;

/// <summary>
/// A secret as nbdkit's parameters take it (nbdkit(1), "passwords"): the secret itself, <c>+FILE</c>, <c>-FD</c> for an open file
/// descriptor, or <c>-</c> to be asked for on the terminal. Never printed.
/// </summary>
/// <param name="Value">The secret.</param>
/// <param name="WasShown">It stood on the command line, where <c>ps</c> shows it.</param>
/// <param name="OpenFile">The file it was read from, where others may read that; null otherwise.</param>
internal sealed record SecretWord(string Value, bool WasShown, string? OpenFile)
{
    /// <summary>Characters in a secret key of AWS, which may begin with a plus sign.</summary>
    private const int AmazonLength = 40;

    private const int LongestSecret = 64 << 10;

    private const UnixFileMode OthersMayRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly SearchValues<char> Base64 =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

    /// <param name="name">The parameter, for messages.</param>
    /// <param name="word">What stands behind its equals sign.</param>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public static SecretWord Read(string name, string word) => word switch
    {
        ['+', .. var path] when !IsAmazonKey(word) || File.Exists(path) => ReadFile(name, path),
        "-" => new SecretWord(Ask(name), WasShown: false, OpenFile: null),
        ['-', .. var number] => ReadDescriptor(name, number),
        _ => new SecretWord(word, WasShown: true, OpenFile: null),
    };

    public override string ToString() => "...";

    private static bool IsAmazonKey(string word) => word.Length == AmazonLength && !word.AsSpan().ContainsAnyExcept(Base64);

    private static SecretWord ReadFile(string name, string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var isOpen = (File.GetUnixFileMode(file.SafeFileHandle) & OthersMayRead) != UnixFileMode.None;
            return new SecretWord(ReadAll(name, file), WasShown: false, isOpen ? path : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"{name}=+FILE: the file cannot be read: {e.Message}", inner: e);
        }
    }

    private static SecretWord ReadDescriptor(string name, string number)
    {
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor))
        {
            throw CommandException.Usage(
                $"{name}=-FD takes the number of an open file descriptor; a secret that begins with '-' goes into a file: {name}=+FILE");
        }
        if (descriptor <= 2)
        {
            throw CommandException.Usage(
                $"{name}=-FD: descriptor {descriptor} is in use for input, output or errors; open another one, such as 9<FILE");
        }
        try
        {
            using var file = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 0);
            return new SecretWord(ReadAll(name, file), WasShown: false, OpenFile: null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"{name}=-{descriptor}: the descriptor cannot be read: {e.Message}", inner: e);
        }
    }

    private static string ReadAll(string name, Stream stream)
    {
        var bytes = new byte[LongestSecret];
        var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length == bytes.Length)
            throw new CommandException($"{name}: what it names is longer than any secret");
        // One line, as an editor or echo leaves it.
        var text = Encoding.UTF8.GetString(bytes, 0, length).TrimEnd('\n').TrimEnd('\r');
        return text.Length > 0 && !text.Contains('\n', StringComparison.Ordinal)
            ? text
            : throw new CommandException($"{name}: what it names must hold the secret alone, on one line");
    }

    private static string Ask(string name)
    {
        if (Console.IsInputRedirected)
            throw CommandException.Usage($"{name}=- asks on the terminal, and standard input is none; {name}=+FILE reads a file");
        Console.Error.Write($"{name}: ");
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace && text.Length > 0)
                text.Length--;
            else if (key.KeyChar >= ' ')
                text.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return text.ToString();
    }
}
