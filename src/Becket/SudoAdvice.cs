namespace Becket;

/// <summary>
/// For those who run into a store that knows them, but not as root: sudo takes away the variables that held their keys, and root's
/// home has another ~/.aws.
/// </summary>
internal static class SudoAdvice
{
    /// <summary>What to add to a message about credentials; empty where sudo has nothing to do with it.</summary>
    public static string Text
    {
        get
        {
            if (!Environment.IsPrivilegedProcess
                || Environment.GetEnvironmentVariable("SUDO_USER") is not { Length: > 0 } user
                || user == "root")
            {
                return "";
            }
            var file = $"/home/{user}/.aws/credentials";
            return File.Exists(file) && Environment.GetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE") is null
                ? $" (sudo looks in root's home: add --credentials-file {file})"
                : " (sudo drops variables: run it with 'sudo --preserve-env=AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY', "
                    + "or name a --credentials-file)";
        }
    }
}
